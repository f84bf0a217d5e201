"""Linear programs through HiGHS: one solver kept warm, its bounds and costs changed between solves."""

from enum import Enum

import highspy
import numpy as np
from scipy import sparse

from oncotwin.errors import NumericalFailure


class Outcome(Enum):
    """How a solve ended."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"


class LinearProgram:
    """Maximise c'x subject to row_lower <= A x <= row_upper, lower <= x <= upper, kept by a HiGHS instance.

    Changing bounds or costs and solving again starts from the last basis.  Row and column bounds may be infinite.
    """

    def __init__(
        self,
        A: sparse.csc_array,
        row_bounds: tuple[np.ndarray, np.ndarray],
        bounds: tuple[np.ndarray, np.ndarray],
        cost: np.ndarray,
    ) -> None:
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = len(row_bounds[0]), len(cost)
        lp.row_lower_, lp.row_upper_ = row_bounds
        lp.col_lower_, lp.col_upper_ = bounds
        lp.col_cost_ = cost
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = A.indptr.astype(np.int32)
        lp.a_matrix_.index_ = A.indices.astype(np.int32)
        lp.a_matrix_.value_ = np.asarray(A.data, np.float64)
        self._highs = highspy.Highs()
        for option, value in _OPTIONS.items():
            self._highs.setOptionValue(option, value)
        self._highs.passModel(lp)
        self.width = len(cost)
        self._columns = np.arange(len(cost), dtype=np.int32)

    def set_bounds(self, lower: np.ndarray, upper: np.ndarray) -> None:
        """Replace the bounds of all columns."""
        self._highs.changeColsBounds(self.width, self._columns, lower, upper)

    def set_column(self, column: int, lower: float, upper: float) -> None:
        """Replace the bounds of one column."""
        self._highs.changeColBounds(column, lower, upper)

    def set_row(self, row: int, lower: float, upper: float) -> None:
        """Replace the bounds of one row."""
        self._highs.changeRowBounds(row, lower, upper)

    def set_cost(self, cost: np.ndarray) -> None:
        """Replace the objective, which is maximised."""
        self._highs.changeColsCost(self.width, self._columns, cost)

    def set_worth(self, column: int, worth: float) -> None:
        """Replace what one column is worth to the objective."""
        self._highs.changeColCost(column, worth)

    def solve(self) -> Outcome:
        """Optimise.  Raises NumericalFailure if HiGHS ends in any other way than optimal, infeasible or unbounded.

        A warm start that leads HiGHS astray is followed by one from nothing.
        """
        self._highs.run()
        status = self._highs.getModelStatus()
        if status not in _OUTCOMES and status != highspy.HighsModelStatus.kUnboundedOrInfeasible:
            self._highs.clearSolver()
            self._highs.run()
            status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
            status = self._told_apart()
        if status not in _OUTCOMES:
            raise NumericalFailure(
                "the linear program was not solved", where="HiGHS", got=self._highs.modelStatusToString(status)
            )
        return _OUTCOMES[status]

    def _told_apart(self) -> highspy.HighsModelStatus:
        """The status of the program without objective tells infeasible from unbounded."""
        cost = np.array(self._highs.getLp().col_cost_)
        self.set_cost(np.zeros_like(cost))
        self._highs.run()
        feasible = self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        self.set_cost(cost)
        return highspy.HighsModelStatus.kUnbounded if feasible else highspy.HighsModelStatus.kInfeasible

    @property
    def objective(self) -> float:
        """Value of the objective at the optimum."""
        return self._highs.getInfo().objective_function_value

    @property
    def columns(self) -> np.ndarray:
        """Columns x at the optimum."""
        return np.array(self._highs.getSolution().col_value)

    @property
    def duals(self) -> tuple[np.ndarray, np.ndarray]:
        """What one more unit of each row and each column would add to the objective."""
        solution = self._highs.getSolution()
        return np.array(solution.row_dual), np.array(solution.col_dual)

    @property
    def basic(self) -> np.ndarray:
        """Basic columns; row i is counted as column n + i."""
        basis = self._highs.getBasis()
        statuses = [*basis.col_status, *basis.row_status]
        return np.flatnonzero([status == highspy.HighsBasisStatus.kBasic for status in statuses])


_OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",
    "solver": "simplex",
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
_OUTCOMES = {
    highspy.HighsModelStatus.kOptimal: Outcome.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Outcome.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Outcome.UNBOUNDED,
}
