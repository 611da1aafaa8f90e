# An officer alone on scene is asked whether all is well; silence is treated as need.
town: unit U01 {officers = 1}
town: plan dispute {lone_check_s = 120}
town: plan officer_in_need {priority = 0, name_zh = "民警遇险", name_en = "Officer in need", posts = {count = 0}}
08:00:00  caller 139 reports dispute c1 at 1 1
          incident I1 dispute at 路口, by 139
          order I1-1 to U01 respond, eta 0 s
          I1 dispatched
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:20  U01 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:02:20  (time passes)
          notice N1 search to U01: 请回复是否平安 / Are you safe? Answer this message. I1-1
          I1-1: the lone officer is asked, until 08:03:20
08:02:30  U01 gets I1-1
          I1-1: the officer is well
08:03:20  (time passes)
          N1 is over: 0 of 1 answered
08:04:32  (time passes)
          notice N2 search to U01: 请回复是否平安 / Are you safe? Answer this message. I1-1
          I1-1: the lone officer is asked, until 08:05:32
08:05:32  (time passes)
          I1-1: the lone officer does not answer
          incident I2 officer_in_need at 路口, by U01
          order I2-1 to U03 respond, eta 146 s, silent
          order I2-2 to U04 respond, eta 220 s, silent
          I2 dispatched
          N2 is over: 0 of 1 answered
          receipt to U01 for lone-I1-1-1764000332: I2
08:05:40  U03 accepts I2-1
          I2-1 accepted
08:05:41  U04 accepts I2-2
          I2-2 accepted
