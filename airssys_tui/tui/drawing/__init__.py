"""How things look: lines, columns, charts, themes; pure functions of what is shown."""
