# grib
