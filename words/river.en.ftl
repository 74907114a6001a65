# river
