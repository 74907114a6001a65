# core
# How many names of a list are not shown, after those that are; the fact is `none` or a number.
more-names = { $more ->
    [none] { "" }
   *[other] 、ほか { $more } 件
}
