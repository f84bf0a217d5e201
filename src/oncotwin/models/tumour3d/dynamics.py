"""The equations of the tumour twin, written once: (1)-(9) of the spatiotemporal paper.

Every function is plain arithmetic on records of arrays and holds for a voxel, a field, a cohort or a pint quantity.
Transport, the first terms of (1)-(7), is discretised in `oncotwin.numerics`; its sensitivities stand here.
"""

from typing import Any, NamedTuple

from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.numerics.elementary import exp


class Fields(NamedTuple):
    """The seven fields of equation (18).  C, E: cart; T_A, T_B: tumour; S: attractant; A, H: pure numbers."""

    C: Any  # functional CAR-T cells
    E: Any  # exhausted CAR-T cells
    T_A: Any  # antigen-positive tumour cells
    T_B: Any  # antigen-reduced tumour cells
    S: Any  # chemoattractant
    A: Any  # soluble immunosuppressive factor
    H: Any  # hypoxia


def chi_C(A: Any, p: TumourParameters) -> Any:
    """Chemotactic sensitivity, cm2/day/attractant.  Eq. (8)."""
    return p.chi_0 / (1 + p.alpha_A * A)


def k_e(A: Any, H: Any, p: TumourParameters) -> Any:
    """Rate of exhaustion, 1/day.  Eq. (8)."""
    return p.k_e0 * (1 + p.beta_A * A + p.beta_H * H)


def mu_AB(C: Any, p: TumourParameters) -> Any:
    """Rate of antigen loss, 1/day.  Eq. (8)."""
    return p.mu_0 + p.nu * C


def mu_BA(C: Any, p: TumourParameters) -> Any:
    """Rate of antigen regain, 1/day.  Eq. (9)."""
    return p.mu_1 * exp(-p.zeta * C)


def f(H: Any, p: TumourParameters) -> Any:
    """Hypoxic drive of suppression, a pure number.  Eq. (9)."""
    return H / (p.K_H + H)


def recovery(A: Any, p: TumourParameters) -> Any:
    """Rate at which exhausted cells recover, 1/day.  Eqs (1), (2)."""
    return p.p_r / (1 + A)


def proliferation(C: Any, T_A: Any, p: TumourParameters) -> Any:
    """Antigen-driven division of functional CAR-T cells, 1/day.  Eq. (1)."""
    return p.rho_C * T_A / (p.K_C + C)


def growth(T_A: Any, T_B: Any, p: TumourParameters) -> Any:
    """Logistic growth of tumour cells, 1/day.  Eqs (3), (4)."""
    return p.r_T * (1 - (T_A + T_B) / p.K_T)


def kill(u: Fields, p: TumourParameters) -> Fields:
    """The cytotoxic contact terms, per day.  Eqs (1), (3)."""
    contact = u.C * u.T_A
    none = 0 * contact
    return Fields(
        C=-p.delta_CT * contact,
        E=none * p.delta_CT,
        T_A=-p.gamma * contact,
        T_B=none * p.gamma,
        S=0 * u.S * p.lambda_S,
        A=0 * u.A * p.lambda_A,
        H=0 * u.H * p.lambda_H,
    )


def turnover(u: Fields, p: TumourParameters) -> Fields:
    """All local terms but the contact terms, per day.  Eqs (1)-(7)."""
    C, E, T_A, T_B, S, A, H = u
    exhausting = k_e(A, H, p) * C  # leaves C in (1), enters E in (2)
    recovering = recovery(A, p) * E  # leaves E in (2), enters C in (1)
    switching = mu_AB(C, p) * T_A - mu_BA(C, p) * T_B  # leaves T_A in (3), enters T_B in (4)
    per_cell = growth(T_A, T_B, p)
    return Fields(
        C=proliferation(C, T_A, p) * C - exhausting + recovering - p.d_C * C,  # eq. (1)
        E=exhausting - recovering - p.d_E * E,  # eq. (2)
        T_A=per_cell * T_A - switching - p.d_TA * T_A,  # eq. (3)
        T_B=per_cell * T_B + switching - p.d_TB * T_B,  # eq. (4)
        S=p.sigma_S * T_A - p.lambda_S * S,  # eq. (5)
        A=p.sigma_A * (T_A + T_B) + p.sigma_M * f(H, p) - p.lambda_A * A,  # eq. (6)
        H=p.eta * (T_A + T_B) - p.lambda_H * H,  # eq. (7)
    )


def reaction(u: Fields, p: TumourParameters) -> Fields:
    """All local terms of equations (1)-(7), per day."""
    return Fields(*(a + b for a, b in zip(kill(u, p), turnover(u, p), strict=True)))


def diffusivities(p: TumourParameters) -> Fields:
    """D of each field, cm2/day.  Eqs (1)-(7)."""
    return Fields(C=p.D_C, E=p.D_E, T_A=p.D_T, T_B=p.D_T, S=p.D_S, A=p.D_A, H=p.D_H)
