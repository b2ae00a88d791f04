"""What is drawn over the images: texts, letters, bars, cross lines, rulers, prompts, brush outline."""
