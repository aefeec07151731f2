"""The outside: OPC UA, MQTT, files, HTTP that is not a Dash page, the virtual plant, and the clock."""
