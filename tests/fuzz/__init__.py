"""Random bytes, made by rules and then spoiled, against everything that reads what strangers write.

    python -m tests.fuzz                      # all targets, 1000 cases each
    python -m tests.fuzz heads urls --cases 50000 --seed 7
    python -m tests.fuzz --seconds 600        # as many as fit; the time is shared out evenly
    python -m tests.fuzz heads --seed 7 --replay 41:485454502f31...   # case 41 with these bytes

The laws: whatever the bytes, what comes out is a value or an error of ours, soon, and not much larger than
what went in; how the bytes are cut into pieces makes no difference; and what our strict readers accept,
the standard library reads in the same way. Everything follows from the seed. A failure is shown with its
seed, its number and the shortest bytes that were found to show it.
"""
