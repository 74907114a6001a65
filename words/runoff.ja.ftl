# runoff
