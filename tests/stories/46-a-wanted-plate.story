# A patrol's check: a hit becomes an alarm at its place, a doubtful character names what it may be.
town: hot 沪A12345 stolen, armed
town: plan wanted_vehicle {priority = 2, name_zh = "布控车辆", name_en = "Wanted vehicle", automatic = true}
08:00:05  U03 checks 沪B00001
          plate 沪B00001: not wanted
08:00:10  U03 checks 沪A1234S
          plate 沪A1234S: 沪A12345? stolen, armed, like 沪A12345
08:00:20  U03 checks 沪A12345
          plate 沪A12345: stolen, armed
          incident I1 wanted_vehicle at 路口, by U03
          order I1-1 to U04 respond, eta 73 s, silent
          order I1-2 to U05 respond, eta 122 s, silent
          I1 dispatched
          receipt to U03 for plate-m3: I1
