"""`helio`: what people type. Commands call `include.steps`; nothing here is imported by the work itself."""
