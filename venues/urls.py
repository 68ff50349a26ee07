from django.urls import path

from venues import views

app_name = "venues"
urlpatterns = [path("layouts/<slug:content_hash>.geo", views.geometry, name="geometry")]
