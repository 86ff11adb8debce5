"""What it takes to run the portal: making secrets, starting and stopping its processes."""
