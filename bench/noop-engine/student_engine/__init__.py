"""A student that learns nothing, to measure what a step costs beside the student's own work."""

ENGINE_VERSION = 1
