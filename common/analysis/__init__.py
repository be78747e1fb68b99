"""What a plan says without running: reach, parameters, differences."""
