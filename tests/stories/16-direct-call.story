# 调警: a post asks for forces for what it sees, and is told at once who comes.
town: plan dispute {answer_caller = true}
08:00:05  P003 presses dispute a1 two drivers are fighting
          incident I1 dispute at 银行3, by P003
          order I1-1 to U01 respond, eta 92 s
          I1 dispatched
          notice N1 to P003: I1: 已派 / coming: U01 92 s
          receipt to P003 for a1: I1
08:00:09  U01 accepts I1-1
          I1-1 accepted
08:01:30  U01 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:12:00  U01 is available I1-1
          I1-1 completed: reported available
          I1 contained
          I1 closed: handled
