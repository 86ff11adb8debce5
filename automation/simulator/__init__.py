"""A local BrokerBay: for the demo, for training people and for the tests. See README.md beside this file."""
