"""The parts of the story. Each is a function of the stage, with people of its own."""
