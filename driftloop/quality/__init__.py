"""Quality checks: is a window fit to be judged?"""
