# Rain, runoff, rivers, members, gauges in the forecast: engine/flood. Indices count from 1.
basin-item =
    .title = a part of the basin model is not sound
    .detail = { $what } { $index }
    .hint = Expected: { $expected }
basin-setting =
    .title = a setting outside its range
    .detail = { $what } = { $value }
    .hint = Accepted: { $expected }
basin-count =
    .title = parts that do not belong together
    .detail = { $what }: { $found } given, { $expected } needed.
    .hint = Make all parts from the same prepared basin.
basin-broken =
    .title = the computation broke down
    .detail = { $what } { $index } is not a number.
    .hint = Please report this with the input files.
basin-saved =
    .title = the saved state cannot be used
    .detail = byte { $offset }: { $expected } expected.
    .hint = Use the state of the same prepared basin and settings, or start without it.
