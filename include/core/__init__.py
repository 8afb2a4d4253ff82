"""The ground floor: nouns, quantities, time, errors, settings; imports nothing of ours and no heavy library."""
