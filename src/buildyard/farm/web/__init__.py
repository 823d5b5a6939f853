"""The dashboard: pages rendered on the hub, live by server-sent events, whole without JavaScript."""
