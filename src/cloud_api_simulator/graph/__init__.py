"""The routes of the Graph API: each reads a request, asks the world, answers in Meta's shape."""
