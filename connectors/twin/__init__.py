"""The outside of the virtual plant: OPC UA server, MQTT and Sparkplug publisher, broker, order files, faults, replay."""
