"""Personalisation: from the features and outcomes of patients to their latent parameters and predicted courses."""
