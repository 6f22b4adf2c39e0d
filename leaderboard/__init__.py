"""Rankings of stored finished runs: raw objectives and a fixed reference point, so that no entry moves another."""
