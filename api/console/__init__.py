"""The console: pages in Chinese, rendered on the server, kept live by the stream."""
