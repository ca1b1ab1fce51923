"""Shared parts of HTML pages: rendering, base template, macros, style sheet, inline SVG."""
