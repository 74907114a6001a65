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
web-time-short = { $weekday } { $day } { $month ->
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
} { $hour }:{ $minute } JST
web-time-lead = { $time } ({ $lead })
web-age-minutes = ({ $minutes } min ago)
web-age-hours = ({ $hours } h { $minutes } min ago)
web-missing = Something was missing or not used when this was computed
web-missing-count = ({ $count } times)
web-standing = Faults of tables and settings (the same every time until mended): { $count }
web-series = Level so far and foreseen
web-series-observed = Observed
web-series-unobserved = No readings
web-series-unconfirmed = Unconfirmed
web-series-middle = Forecast, middle (50 %)
web-series-band = Band of the forecast (10 to 90 %)
web-series-danger = Danger level
web-series-overflow = Overflow begins
web-series-table = Figures as a table
web-series-caption = Level in m, by the datum of the gauge
web-series-time = Time
web-series-low = Low (10 %)
web-series-middle-short = Middle (50 %)
web-series-high = High (90 %)
web-series-p-danger = Chance of the danger level or higher
web-series-p-overflow = Chance of the overflow level or higher
web-series-peak = Highest middle of the forecast { $level } m ({ $time })
web-series-failed = The series could not be loaded.
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

web-sign-in = Sign in
web-sign-in-text = For staff of the prefecture, the municipalities and their partners. The public map needs no sign-in.
web-sign-in-busy = Checking
web-sign-in-refused = The name or the password is wrong.
web-sign-in-origin = You cannot sign in from this page. Open the map again at its proper address.
web-sign-in-unavailable = Signing in did not work. Allow cookies in your browser and try again.
web-sign-in-throttled = After several failures, signing in is blocked for a while. If you have forgotten the password, tell the administrator.
web-sign-in-wait = You can try again in { $seconds } s.
web-sign-in-again = You can try again now.
web-sign-out = Sign out
web-sign-out-failed = The server could not be told that you sign out. Restricted information has been removed from this page. Sign out again once the connection is back.
web-signed-in = Signed in as
web-signed-in-told = Signed in as { $name }.
web-signed-out-told = Signed out.
web-session-expired = Your session has ended. Restricted information has been removed.
web-session-elsewhere = You signed out in another tab. Restricted information has been removed.
web-login = Login name
web-password = Password
web-password-show = Show password
web-caps-lock = Caps Lock is on.
web-field-missing = Please fill this in.
web-field-must = required
web-grants = Roles and offices
web-role-viewer = Viewer
web-role-editor = Editor
web-role-officer = Officer
web-role-approver = Approver
web-role-admin = Administrator
web-office-prefecture = Prefecture
web-office-municipality = Municipality
web-office-forestry-enterprise = Forestry enterprise
web-office-road-contractor = Road contractor
web-office-co-creation = Co-creation team
web-office-owner = Owner
web-restricted = Restricted
web-to-map = Back to the map

web-group-timed = Changing with time
web-group-points = Places
web-group-lines = Lines
web-group-areas = Areas
web-group-unknown = Layers that could not be loaded
web-layer-up = Forward
web-layer-down = Backward
web-layer-moved = { $title } is now number { $place } of { $count }.

web-tab-jobs = Jobs
web-jobs = Jobs
web-jobs-none = No jobs yet. Import a file, and its progress is shown here.
web-jobs-down = The connection is down. Progress may be shown late; the jobs go on at the server.
web-job-queued = Waiting
web-job-running = Running
web-job-cancelling = Being cancelled
web-job-done = Done
web-job-failed = Failed
web-job-cancelled = Cancelled
web-job-created = Received { $time }
web-job-ended = Ended { $time }
web-job-attempts = Attempt { $count }
web-job-remaining = About { $minutes } min left in this stage
web-job-failed-text = Something went wrong on the way. Please tell the administrator.
web-job-cancel = Cancel the job
web-job-cancel-text = Cancel this job? Nothing of it will be published.
web-job-cancel-yes = Yes, cancel it
web-job-keep = Keep it running
web-job-show = Show on the map
web-job-show-failed = The layer has not arrived yet. Wait a little and press again.
web-command-import = Import
web-command-flood-rain = Import of a rain forecast
web-stage-read = Reading the input
web-stage-ingest = Converting the format
web-stage-rain = Cutting out the rain
web-stage-tiles = Making tiles
web-stage-publish = Publishing
web-stage-other = Working

web-import = Import a file
web-import-faults = { $count } fields need correction.
web-import-file = File
web-import-file-text = GeoJSON, FlatGeobuf, CSV (with columns of longitude and latitude), zipped shapefiles, GeoPackage, KML, XLSX. Up to 512 MB.
web-import-no-file = Choose a file.
web-import-file-empty = The file is empty.
web-import-file-large = The file is larger than 512 MB. Split it, or ask the administrator to import it.
web-import-layer = Layer ID
web-import-layer-text = Small letters, digits and _, beginning with a letter. An ID that exists already gets a new version.
web-import-layer-fault = Begin with a small letter; use only small letters, digits and _, at most 64.
web-import-title-ja = Title in Japanese
web-import-title-en = Title in English
web-import-access = Who may see it
web-import-restricted = Restricted to staff
web-import-public = Everybody
web-import-public-text = Everybody can see it as soon as the import is done. Make sure that no column holds names, addresses or telephone numbers of people.
web-import-restricted-fields = Restricted columns
web-import-restricted-fields-text = Names of columns, separated by commas. The public data will not contain them.
web-import-fictional = The data are invented (the map is framed FICTIONAL)
web-import-more = Coordinate system, encoding, columns
web-import-crs = Coordinate system (EPSG code)
web-import-crs-text = Empty: as the file says. Example: 6677 for Japan Plane Rectangular CS IX
web-import-crs-fault = Write 4 or 5 digits.
web-import-encoding = Encoding
web-import-encoding-auto = As the file says
web-import-encoding-utf-8 = UTF-8
web-import-encoding-cp932 = Shift_JIS (CP932)
web-import-id-field = Column of ids
web-import-label-field = Column of names on the map
web-import-send = Send and import
web-import-sending = Sending the file: { $percent } %
web-import-abort = Stop sending
web-import-aborted = Sending was stopped.
