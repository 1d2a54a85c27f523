"""What a runtime without a screen offers to others: metrics, browser sessions, signals."""
