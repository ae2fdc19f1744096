"""What the readings are worth and cost: AUROC, faithfulness, curves, maps, scales."""
