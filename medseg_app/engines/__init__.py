"""Machines: model folders and the engines that run them; torch only in adapters, networks and worker."""
