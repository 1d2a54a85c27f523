"""The words everyone speaks: pure data and pure rules, without effects and without third-party engines."""
