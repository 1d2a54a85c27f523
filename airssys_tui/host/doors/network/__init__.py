"""The door to the network: names looked up once and checked, streams, datagrams and questions to web servers."""
