"""The first step of every run: its job, from its configuration."""

from tasks.runtime.job import load_job
from tasks.runtime.step import step

prepare_job = step("load configuration")(load_job)
