# geotiff
