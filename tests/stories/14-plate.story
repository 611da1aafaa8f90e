# A patrol's check is answered, and stays on record.
08:00:05  U01 checks 沪A12345
          plate 沪A12345: not wanted
