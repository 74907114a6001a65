# rainfall
