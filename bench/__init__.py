"""Measurements that anyone can repeat: `.venv/bin/python -m bench all`. See docs/performance.md."""
