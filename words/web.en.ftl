# Page of the public map.
web-mark = Jomo
web-title = Disaster map
web-map = Map
web-panel = Layers and list
web-language = Language
web-language-name = English
web-loading = Loading
web-tab-layers = Layers and legend
web-tab-list = View as list
web-zoom-in = Zoom in
web-zoom-out = Zoom out
web-close = Close
web-retry = Load again
web-yes = yes
web-no = no

web-layers-none = There is no layer to show.
web-opacity = Opacity
web-legend = Legend
web-legend-no-data = No data (not filled)
web-source = Source
web-licence = Terms of use
web-provenance = Where this data comes from
web-kind = Kind
web-kind-observation = Observation
web-kind-designated = Designated by law
web-kind-relayed = Issued by another agency, passed on unchanged
web-kind-forecast = Forecast (for reference)
web-kind-inventory = Survey
web-kind-register = Register
web-feature-count = Features
web-count = { $count ->
    [one] { $count } feature
   *[other] { $count } features
}
web-version = Version
web-command = Process
web-engine = Version of the engine
web-input = Input file
web-bytes = { $bytes } bytes

web-time = Time
web-reference-time = Issued
web-valid-time = Valid
web-time-play = Play
web-time-pause = Pause
web-time-back = Earlier
web-time-forward = Later
web-time-full = { $weekday } { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
} { $year } { $hour }:{ $minute } JST
web-weekday-0 = Sun
web-weekday-1 = Mon
web-weekday-2 = Tue
web-weekday-3 = Wed
web-weekday-4 = Thu
web-weekday-5 = Fri
web-weekday-6 = Sat
web-lead-hours = { $sign }{ $hours } h
web-lead-minutes = { $sign }{ $minutes } min
web-lead-both = { $sign }{ $hours } h { $minutes } min

web-details = At this place
web-details-count = At this place: { $count ->
    [one] { $count } feature
   *[other] { $count } features
}
web-details-none = None of the layers shown has data here. No data does not mean no danger.
web-list-total = { $count ->
    [one] { $count } feature in view
   *[other] { $count } features in view
}
web-list-rest = And { $count } more: zoom in to see them.

web-frame-replay = REPLAY
web-frame-replay-text = A record of { $time }. Not the present situation.
web-frame-replay-undated = A record of the past. Not the present situation.
web-frame-fictional = FICTIONAL
web-frame-fictional-text = A sample of a region that does not exist. Not information about a real disaster.

web-stale = Updates have stopped (information as of { $time })
web-stale-undated = Updates have stopped
web-layer-stale = Not shown, because updates have stopped.
web-layer-zoom = Zoom in further to see this layer.
web-silent = The server does not answer. It was last heard at { $time } JST.
web-tile-trouble = Part of the map could not be loaded.
web-no-webgl = This browser cannot draw the map (WebGL is not available). Open it in another browser, or switch on hardware acceleration in the settings.
web-problem-offline = The server cannot be reached. Check the connection and load again.
web-problem-expired = This information is past its validity. Waiting for a new one.
web-problem-missing = This data was not found. It may no longer be published.
web-problem-server = The server has a problem. Please load again in a while.
web-problem-malformed = The answer of the server cannot be read. If opening the page again does not help, tell the operator.
