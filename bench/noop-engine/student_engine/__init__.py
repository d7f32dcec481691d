"""A student that learns nothing: it speaks the engine's protocol, so that what a step costs beside the student can be measured."""

ENGINE_VERSION = 1
