"""Pages for people: PDF reports and the mails that carry them. Knows numbers only as they are handed in; asks nobody."""
