"""The attention loss of the paper as a loss of torch: ``from proofcheck.torch import FastAttentionLoss``."""

from proofcheck.integrations.torch import FastAttentionLoss

__all__ = ["FastAttentionLoss"]
