"""What happened: events, timelines and the story of the last change."""
