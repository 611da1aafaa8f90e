"""Tips by SMS and chat: a signed webhook in, a conversation out, an alarm where a rule says so."""
