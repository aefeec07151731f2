"""The OPC UA client: addresses by namespace URI, security with a trust list, and the collector."""
