"""Learning from masks: data sets, augmentation, losses, training and honest figures."""
