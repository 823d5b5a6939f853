"""The ground floor: queues of messages that somebody claims (Marconi's model)."""
