"""What is drawn over the images: texts, letters, scale bar, cross lines, slice bar, rulers, brush outline."""
