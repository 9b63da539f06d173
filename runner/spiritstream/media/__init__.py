"""The road of the media inside a runner: FLV tags, one clock, a hub, bounded queues."""
