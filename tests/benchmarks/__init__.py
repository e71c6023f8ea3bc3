"""How fast it is, beside http.client and its peers: python3 -m tests.benchmarks [--check]

Not part of the test run. From the outside in:

| module | what it holds |
|---|---|
| `__main__` | the command |
| `goals` | what has to be reached, and whether it was |
| `cases` | what is measured, of whom, and how often |
| `report`, `readme` | the tables and the JSON |
| `environment` | the virtual environments with the peers |
| `servers`, `serve`, `payloads` | nginx and a server in Python, and what they serve |
| `measure` | rounds, medians, ratios |
| `counts` | instructions and system calls |
| `worker` | the process in which one contender works |
| `operations`, `local`, `concurrency` | what a contender is told to do |
| `floor` | no client at all, a raw socket: what can't be beaten |
| `contenders` | the clients, each used as its own documentation says |
| `fresh` | what needs a new interpreter each time: import, the first request |
"""
